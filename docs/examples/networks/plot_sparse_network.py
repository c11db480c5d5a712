"""
A network without most of its weights
=====================================

`BinMaskMLPClassifier` closes the share of the weights that you ask for, exactly, and
trains on what is left. `compact` then takes away what is closed.
"""

import pickle

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sklearn_binmask import BinMaskMLPClassifier, MaskDisplay, TrainingDisplay

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

# %%
# One hidden layer of 100 units on the 64 pixels of handwritten digits, ever sparser.

networks = {
    share: BinMaskMLPClassifier(sparsity=share, random_state=0).fit(X_train, y_train)
    for share in (0.0, 0.8, 0.9, 0.95, 0.98, 0.99)
}
for share, network in networks.items():
    print(
        f"{share:4.0%} closed: {network.n_nonzero_params_:4d} parameters left, "
        f"accuracy {network.score(X_test, y_test):.3f}"
    )

# %%
# What is left of the first layer of the network with 95 % closed: a dot for each open
# weight. Below, what the training looked like: the loss rises where gates close.

network = networks[0.95]
MaskDisplay.from_estimator(network)
plt.show()

# %%

TrainingDisplay.from_estimator(network)
plt.show()

# %%
# `compact` drops units that nothing reads or feeds, and keeps layers with few open
# weights as sparse matrices. It predicts the same.

small = network.compact()
print("hidden units:", network.coefs_[0].shape[1], "->", small.coefs_[0].shape[1])
print("bytes of a pickle:", len(pickle.dumps(network)), "->", len(pickle.dumps(small)))
difference = np.abs(network.predict_proba(X_test) - small.predict_proba(X_test)).max()
print("largest difference of a probability:", difference)

# %%

sizes = [network.n_nonzero_params_ for network in networks.values()]
accuracies = [network.score(X_test, y_test) for network in networks.values()]
fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
ax.semilogx(sizes, accuracies, marker="o")
ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
ax.minorticks_off()
ax.set_xlabel("open weights and biases")
ax.set_ylabel("accuracy on held-out rows")
plt.show()
