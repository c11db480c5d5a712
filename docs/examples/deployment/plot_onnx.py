"""
From a pipeline to ONNX
=======================

A fitted pipeline becomes one ONNX file that onnxruntime runs from many languages,
without scikit-learn and torch. Pixels that were not selected are not in its network.
"""

import matplotlib.pyplot as plt
import numpy as np
from onnxruntime import InferenceSession
from skl2onnx import to_onnx
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sklearn_binmask import BinMaskSelector, register_onnx_converters

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
selector = BinMaskSelector(
    n_features_to_select=20, task="classification", random_state=0
)
model = make_pipeline(MinMaxScaler(), selector).fit(X_train, y_train)
print(f"accuracy with 20 of 64 pixels: {model.score(X_test, y_test):.3f}")

# %%
# One call tells skl2onnx of our estimators; the rest is its own way of working.

register_onnx_converters()
onnx_file = to_onnx(model, X_train, options={"zipmap": False}).SerializeToString()
print(f"{len(onnx_file) / 1000:.0f} kB")

# %%
# onnxruntime gives the same labels, and probabilities that differ by rounding.

session = InferenceSession(onnx_file)
labels, probabilities = session.run(None, {"X": X_test})
difference = np.abs(probabilities - model.predict_proba(X_test))
print("same labels:", (labels == model.predict(X_test)).all())
print("largest difference of a probability:", difference.max())

# %%

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
left.scatter(model.predict_proba(X_test).ravel(), probabilities.ravel(), s=8)
left.set(xlabel="probability in Python", ylabel="probability in ONNX")
right.imshow(selector.support_.reshape(8, 8), cmap="Blues", vmax=1.3)
right.set(title="pixels that the file reads", xticks=[], yticks=[])
plt.show()
