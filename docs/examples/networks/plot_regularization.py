"""
Gates that close as long as held-out rows gain
==============================================

By default `BinMaskMLPClassifier` is not told how many gates to close: it closes them
while the loss on rows that it keeps apart falls. That regularizes where rows are few.
Whether it helps depends on the table; here is how to look.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_binmask import BinMaskMLPClassifier, PathDisplay

X, y = load_digits(return_X_y=True)

# %%
# 300 digits to learn from, drawn four times. The same network with all gates open
# (`l0_penalty=0`) and scikit-learn's network of the same size stand beside it.

models = {
    "scikit-learn's MLP": make_pipeline(
        StandardScaler(), MLPClassifier(random_state=0)
    ),
    "all gates open": BinMaskMLPClassifier(l0_penalty=0, random_state=0),
    "default": BinMaskMLPClassifier(random_state=0),
}
losses = {label: [] for label in models}
for split in range(4):
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, train_size=300, stratify=y, random_state=split
    )
    for label, model in models.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # of scikit-learn's
            model.fit(X_train, y_train)
        losses[label].append(log_loss(y_test, model.predict_proba(X_test)))
    print(f"split {split}:", models["default"].n_nonzero_params_, "parameters open")
for label, values in losses.items():
    print(f"{label:20s} log loss {np.mean(values):.3f}")

# %%
# Each line is one split. Not all of the gain is the gates': the default also trains in
# finer steps before it compares points of its path.

fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
ax.plot(list(losses), list(losses.values()), marker="o", color="#0072B2", alpha=0.7)
ax.set_ylabel("log loss on held-out rows")
plt.show()

# %%
# The path of the last fit: the loss on the rows kept apart, against the weights that
# are open. Points are trained on before they are compared, so that the one chosen need
# not be the lowest here.

PathDisplay.from_estimator(models["default"], kind="score")
plt.show()
