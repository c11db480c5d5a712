"""
Rows that belong together
=========================

Several visits of one patient, several parts of one batch, several days of one shop:
such rows resemble each other in ways that new patients will not share. `groups` in
`fit` says which rows belong together, and no split parts them.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from sklearn_binmask import BinMaskSelector, PathDisplay

# %%
# Each of 40 patients comes 25 times. Ten things are measured at each visit, of which
# three matter. Ten more are known of the patient, and none of them matters; but each
# patient has a level of their own, and those ten tell the patients apart.

rng = np.random.default_rng(0)


def visits(n_patients, n_visits=25):
    """Draw a table, its target, and whose visit each row is."""
    patient = np.repeat(np.arange(n_patients), n_visits)
    measured = rng.normal(size=(len(patient), 10))
    known = rng.normal(size=(n_patients, 10))[patient]
    level = rng.normal(size=n_patients)[patient]
    X = pd.DataFrame(
        np.hstack([measured, known]),
        columns=[f"measured_{i}" for i in range(10)]
        + [f"known_{i}" for i in range(10)],
    )
    effect = measured[:, 0] + measured[:, 1] * measured[:, 2]
    return X, effect + level + 0.3 * rng.normal(size=len(X)), patient


X, y, patient = visits(40)

# %%
# "auto" holds rows out to say how many columns there should be. Where they are rows of
# the same patients, it seems to be worth much to know who the patient is.

alone = BinMaskSelector(random_state=0).fit(X, y)
together = BinMaskSelector(random_state=0).fit(X, y, groups=patient)
selectors = {"rows alone": alone, "by patient": together}
for name, selector in selectors.items():
    print(f"{name}: {', '.join(selector.get_feature_names_out())}")

# %%
# New patients tell who is right.

X_new, y_new, _ = visits(200)
for name, selector in selectors.items():
    print(f"{name}: R2 of new patients {selector.score(X_new, y_new):.2f}")

# %%
# Both paths. Above, the loss goes on falling with every fact about the patients. Below,
# those facts do harm, and the band is wider: 12 patients held out are 12 pieces of
# evidence, however often they came.

fig, axes = plt.subplots(2, figsize=(7, 7.5), sharey=True, layout="constrained")
for ax, (name, selector) in zip(axes, selectors.items(), strict=True):
    PathDisplay.from_estimator(selector, ax=ax, kind="score")
    ax.text(0.97, 0.9, name, transform=ax.transAxes, ha="right")
plt.show()
