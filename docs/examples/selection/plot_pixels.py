"""
Which pixels of a digit matter?
===============================

Handwritten digits, 8 by 8 pixels: 64 columns, ten classes. How many pixels, and which,
does a classifier need?
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC

from sklearn_binmask import BinMaskSelector, MaskDisplay

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
print("all 64 pixels:", round(SVC().fit(X_train, y_train).score(X_test, y_test), 3))

# %%
# `MaskDisplay` shows the gates in their places: the pixels that are open are blue.

sizes = [4, 8, 16, 32]
fig, axes = plt.subplots(1, 4, figsize=(10, 3.2), layout="constrained")
for ax, k in zip(axes, sizes, strict=True):
    selector = BinMaskSelector(n_features_to_select=k, refit=False, random_state=0)
    few_train = selector.fit(X_train, y_train).transform(X_train)
    score = SVC().fit(few_train, y_train).score(selector.transform(X_test), y_test)
    MaskDisplay.from_estimator(selector, image_shape=(8, 8), ax=ax)
    ax.set_title(f"{k} pixels: {score:.3f}")
plt.show()

# %%
# What a digit looks like through 16 of 64 pixels:

selector = BinMaskSelector(n_features_to_select=16, refit=False, random_state=0)
selector.fit(X_train, y_train)
fig, axes = plt.subplots(2, 10, figsize=(10, 2.3), layout="constrained")
for digit in range(10):
    whole = X[np.flatnonzero(y == digit)[0]]
    seen = np.where(selector.support_, whole, np.nan)
    for ax, image in zip(axes[:, digit], (whole, seen), strict=True):
        ax.imshow(image.reshape(8, 8), cmap="Greys", vmin=0, vmax=16)
        ax.set(xticks=[], yticks=[], facecolor="#f3ead2")
plt.show()
