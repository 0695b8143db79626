"""The colours of a PNG by its chunks cICP, gAMA and cHRM, converted to sRGB.

Sources: the PNG specification, third edition (W3C, 2025), for the chunks and their precedence;
ITU-T H.273 (2024) for the code points of cICP; IEC 61966-2-1 for sRGB; libpng for what difference
of gamma is not significant.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nst_core.images.srgb_curve import linear_to_srgb, srgb_to_linear

Values: TypeAlias = NDArray[np.float64]
Curve: TypeAlias = Callable[[Values], Values]

_SRGB_GAMMA = 45455
_INSIGNIFICANT = 0.05
"""The relative difference of gamma up to which libpng takes two values as equal."""

_SAME_PLACE = 0.002
"""The difference up to which chromaticities are those of sRGB."""

_D65 = (0.3127, 0.3290)
_SRGB = (*_D65, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
"""White, red, green and blue, each as x and y."""

_PRIMARIES = MappingProxyType(
    {
        1: _SRGB,  # BT.709
        4: (0.310, 0.316, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08),  # BT.470 M
        5: (*_D65, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06),  # BT.601, 625 lines
        6: (*_D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),  # BT.601, 525 lines
        7: (*_D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),  # SMPTE 240M
        9: (*_D65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),  # BT.2020
        11: (0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),  # DCI-P3
        12: (*_D65, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),  # Display P3
        22: (*_D65, 0.630, 0.340, 0.295, 0.605, 0.155, 0.077),  # EBU 3213
    }
)


def _bt709_to_linear(values: Values) -> Values:
    return np.where(values < 0.081, values / 4.5, ((values + 0.099) / 1.099) ** (1 / 0.45))


def _smpte240_to_linear(values: Values) -> Values:
    return np.where(values < 0.0913, values / 4, ((values + 0.1115) / 1.1115) ** (1 / 0.45))


def _power(exponent: float) -> Curve:
    return lambda values: np.asarray(values**exponent)


_CURVES: Mapping[int, Curve] = MappingProxyType(
    {
        1: _bt709_to_linear,
        4: _power(2.2),
        5: _power(2.8),
        6: _bt709_to_linear,
        7: _smpte240_to_linear,
        8: _power(1),
        13: srgb_to_linear,
        14: _bt709_to_linear,
        15: _bt709_to_linear,
    }
)
_HDR = MappingProxyType({16: "PQ", 18: "HLG"})

_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
_BLOCK = 1 << 20
"""Pixels that are converted at a time."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How samples encode colours.

    Attributes:
        curve: From samples 0...1 to light 0...1.
        matrix: From linear RGB to that of sRGB, (3, 3); None if the primaries are the same.
        narrow: Whether black is 16 and white 235 (of 255).
        plain: Whether it is sRGB itself, so that nothing changes.
    """

    curve: Curve
    matrix: Values | None = None
    narrow: bool = False
    plain: bool = False

    def to_srgb(self, samples: NDArray[Any]) -> NDArray[np.uint8]:
        """Convert samples (H, W, 3), uint8 or uint16, to sRGB of 8 bits.

        Colours outside of sRGB are clipped.
        """
        table = self._light(np.iinfo(samples.dtype).max)
        if self.matrix is None:
            converted: NDArray[np.uint8] = _encoded(table)[samples]
            return converted
        result = np.empty(samples.shape, np.uint8)
        step = max(1, _BLOCK // max(1, samples.shape[1]))
        for top in range(0, len(samples), step):
            light = table[samples[top : top + step]] @ self.matrix.T
            result[top : top + step] = _encoded(light)
        return result

    def _light(self, top: int) -> Values:
        """Return the light of each possible sample 0...top."""
        values = np.arange(top + 1) / top
        if self.narrow:
            # 8 bits: 16...235; 16 bits: the same, times 256.
            unit = (top + 1) // 256 / top
            values = (values - 16 * unit) / (219 * unit)
        return self.curve(values.clip(0, 1))


def _encoded(light: Values) -> NDArray[np.uint8]:
    encoded: NDArray[np.uint8] = np.rint(linear_to_srgb(light.clip(0, 1)) * 255).astype(np.uint8)
    return encoded


def encoding_of(
    chunks: Mapping[bytes, bytes], *, profile: bool, grey: bool
) -> tuple[Encoding | None, list[str]]:
    """Return how the samples of a PNG encode colours.

    The first of these that is there and understood counts:

    1. cICP. HDR (PQ, HLG) has no one meaning in sRGB and is not understood.
    2. An ICC profile.
    3. sRGB.
    4. gAMA, with the primaries of cHRM if there are any. A gamma within 5 % of 1/2.2 with the
       primaries of sRGB is taken as sRGB, since that is what writers mean by it. cHRM alone is
       ignored, as by viewers.

    Args:
        chunks: The content of the chunks, by name.
        profile: Whether there is an ICC profile.
        grey: Whether the picture is grey; primaries then don't matter.

    Returns:
        The encoding; None if nothing is to be done here: sRGB, an ICC profile, or nothing known.
        Then lines for the user.
    """
    notes: list[str] = []
    code_points = chunks.get(b"cICP", b"")
    if len(code_points) >= 4:
        encoding, note = _by_code_points(*code_points[:4], grey=grey)
        if encoding is not None:
            # Without a profile, sRGB needs no conversion.
            return (encoding if profile or not encoding.plain else None), notes
        notes.append(note)
    if profile or b"sRGB" in chunks or len(chunks.get(b"gAMA", b"")) < 4:
        return None, notes
    (gamma,) = struct.unpack_from(">I", chunks[b"gAMA"])
    matrix = None
    if not grey and len(chunks.get(b"cHRM", b"")) >= 32:
        places = struct.unpack_from(">8I", chunks[b"cHRM"])
        try:
            matrix = _matrix(tuple(place / 100_000 for place in places))
        except ValueError:
            notes.append("its cHRM chunk describes no colours: ignored")
    if gamma == 0 or (matrix is None and abs(gamma / _SRGB_GAMMA - 1) <= _INSIGNIFICANT):
        return None, notes
    return Encoding(_power(100_000 / gamma), matrix), notes


def encoding_by_code_points(primaries: int, transfer: int) -> Encoding | None:
    """Return the encoding of RGB of full range with these code points (H.273); None if unknown."""
    return _by_code_points(primaries, transfer, 0, 1, grey=False)[0]


def _by_code_points(
    primaries: int, transfer: int, coefficients: int, full_range: int, *, grey: bool
) -> tuple[Encoding | None, str]:
    """Return the encoding that a cICP chunk names, or None and a line that says why not."""
    if transfer in _HDR:
        return None, (
            f"its cICP chunk says HDR ({_HDR[transfer]}), which nst can't convert: the chunk is "
            "ignored, and colours may look flat; save the picture as sRGB"
        )
    places, curve = _PRIMARIES.get(primaries), _CURVES.get(transfer)
    if places is None or curve is None or coefficients != 0 or full_range > 1:
        numbers = f"{primaries}, {transfer}, {coefficients}, {full_range}"
        return None, f"its cICP chunk ({numbers}) is none that nst knows: ignored"
    matrix = None if grey else _matrix(places)
    plain = matrix is None and full_range == 1 and transfer == 13
    return Encoding(curve, matrix, narrow=full_range == 0, plain=plain), ""


def _matrix(places: tuple[float, ...]) -> Values | None:
    """Return the matrix from linear RGB with these chromaticities to that of sRGB.

    White stays white (Bradford's adaptation).

    Args:
        places: White, red, green and blue, each as x and y.

    Returns:
        (3, 3), or None if the chromaticities are those of sRGB.

    Raises:
        ValueError: the chromaticities span no colours.
    """
    if max(abs(a - b) for a, b in zip(places, _SRGB, strict=True)) <= _SAME_PLACE:
        return None
    try:
        to_xyz = _adapted(places)
    except (np.linalg.LinAlgError, ZeroDivisionError, FloatingPointError):
        raise ValueError("not chromaticities") from None
    result: Values = np.linalg.solve(_adapted(_SRGB), to_xyz)
    if not np.isfinite(result).all() or np.abs(result).max() > 100:
        raise ValueError("not chromaticities")
    return result


def _adapted(places: tuple[float, ...]) -> NDArray[Any]:
    """Return the matrix from linear RGB to XYZ, adapted to the white D65."""
    tristimulus: NDArray[Any] = np.array(
        [(x / y, 1, (1 - x - y) / y) for x, y in zip(places[::2], places[1::2], strict=True)]
    )
    white, primaries = tristimulus[0], tristimulus[1:].T
    to_xyz: NDArray[Any] = primaries * np.linalg.solve(primaries, white)
    d65 = np.array([_D65[0] / _D65[1], 1, (1 - sum(_D65)) / _D65[1]])
    gains = (_BRADFORD @ d65) / (_BRADFORD @ white)
    adapted: Values = np.linalg.solve(_BRADFORD, gains[:, None] * _BRADFORD) @ to_xyz
    return adapted
