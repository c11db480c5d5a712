"""
The pictures of the documentation
=================================

Draws them anew in ``docs/images``: ``python docs/examples/pictures.py``. Each picture
is one line from a fitted estimator; the data are those that come with scikit-learn.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
from PIL import Image
from sklearn.datasets import load_breast_cancer, load_digits

from sklearn_binmask import (
    BinMaskMLPClassifier,
    BinMaskSelector,
    MaskDisplay,
    PathDisplay,
    StabilityDisplay,
    StabilitySelector,
    TrainingDisplay,
)

IMAGES = Path(__file__).resolve().parents[1] / "images"


def save(display, name, folder):
    path = Path(folder) / f"{name}.png"
    display.figure_.savefig(path, dpi=90)
    plt.close(display.figure_)
    # 200 colours are enough, and half of the bytes
    Image.open(path).convert("RGB").quantize(200).save(path, optimize=True)
    print(f"{path.name:18s} {path.stat().st_size / 1000:4.0f} kB")


def main(folder):
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    selector = BinMaskSelector(random_state=0).fit(X, y)
    save(PathDisplay.from_estimator(selector), "path", folder)
    save(MaskDisplay.from_estimator(selector), "columns", folder)
    stable = StabilitySelector(random_state=0).fit(X, y)
    save(StabilityDisplay.from_estimator(stable), "stability", folder)

    X, y = load_digits(return_X_y=True)
    pixels = BinMaskSelector(n_features_to_select=16, random_state=0).fit(X, y)
    save(MaskDisplay.from_estimator(pixels, image_shape=(8, 8)), "pixels", folder)
    network = BinMaskMLPClassifier(sparsity=0.95, random_state=0).fit(X, y)
    save(MaskDisplay.from_estimator(network), "weights", folder)
    save(TrainingDisplay.from_estimator(network), "training", folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--out", default=IMAGES, help="folder for the pictures")
    main(parser.parse_args().out)
