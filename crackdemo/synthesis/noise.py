"""Smooth random noise: what makes painted things look grown."""

import cv2
import numpy as np

from crackdemo.arrays import GrayImage


def smooth_noise(shape: tuple[int, int], sigma: float, rng: np.random.Generator) -> GrayImage:
    """White noise (H, W) after a Gaussian of `sigma` pixels; zero mean, unit deviation."""
    height, width = shape
    coarse = max(1, round(sigma / 1.5))  # broad noise needs no fine grid
    # uniform numbers are quick to draw, and normal once they are blurred
    grid = rng.random((-(-height // coarse) + 2, -(-width // coarse) + 2), np.float32)
    smooth = cv2.GaussianBlur(grid, (0, 0), sigma / coarse, borderType=cv2.BORDER_REFLECT)
    noise: GrayImage = cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR)
    mean, deviation = cv2.meanStdDev(noise)
    noise -= np.float32(mean)
    noise /= np.float32(deviation + 1e-6)
    return noise
