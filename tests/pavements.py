"""A made surface for the tests of what is painted on it."""

import cv2
import numpy as np

from crackdemo.arrays import GrayImage


def pavement(height: int = 96, width: int = 112) -> GrayImage:
    noise = np.random.default_rng(0).normal(0.5, 0.05, (height, width)).astype(np.float32)
    return np.clip(cv2.GaussianBlur(noise, (0, 0), 0.7), 0, 1)
