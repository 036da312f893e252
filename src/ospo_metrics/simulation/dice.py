"""Chance from a seed: the same draws on every machine, one independent stream for each purpose."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from statistics import NormalDist
from typing import TypeVar

import numpy as np

T = TypeVar("T")

_NORMAL = NormalDist()
_CHUNK = 4096


class Dice:
    """Draws for one purpose. Only uniform numbers come from numpy, because its stream of those is fixed."""

    def __init__(self, seed: int, purpose: str) -> None:
        sequence = np.random.SeedSequence([seed, zlib.crc32(purpose.encode())])
        self._generator = np.random.Generator(np.random.PCG64(sequence))
        self._left: list[float] = []

    def unit(self) -> float:
        """A number from 0 up to, but not including, 1."""
        if not self._left:
            self._left = self._generator.random(_CHUNK).tolist()
        return self._left.pop()

    def chance(self, share: float) -> bool:
        return self.unit() < share

    def below(self, count: int) -> int:
        return int(self.unit() * count)

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self.unit()

    def pick(self, options: Sequence[T]) -> T:
        return options[int(self.unit() * len(options))]

    def pick_weighted(self, options: Sequence[T], weights: Sequence[float]) -> T:
        point = self.unit() * sum(weights)
        for option, weight in zip(options, weights, strict=True):
            point -= weight
            if point < 0:
                return option
        return options[-1]

    def exponential(self, mean: float) -> float:
        return -mean * math.log(1.0 - self.unit())

    def normal(self, mean: float, deviation: float) -> float:
        return mean + deviation * _NORMAL.inv_cdf(min(max(self.unit(), 1e-12), 1 - 1e-12))

    def log_normal(self, median: float, sigma: float) -> float:
        return median * math.exp(self.normal(0.0, sigma))

    def poisson(self, mean: float) -> int:
        """How many arrivals fall into one stretch, counted as exponential gaps that fit into it."""
        count, gone = 0, self.exponential(1.0)
        while gone < mean:
            count += 1
            gone += self.exponential(1.0)
        return count

    def shuffled(self, options: Sequence[T]) -> list[T]:
        order = sorted((self.unit(), position) for position in range(len(options)))
        return [options[position] for _, position in order]
