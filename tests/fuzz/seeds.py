"""Small valid files of every kind that nst reads. The mutations start from them.

Pictures are made of the project's own demo pair. Weights hold all of VGG-19 in a few kilobytes:
every tensor is a view of one short storage with strides of zero, which ``torch.save`` writes for
expanded tensors; a safetensors file, which knows no strides, gets its numbers as a hole in the
file.
"""

from __future__ import annotations

import io
import itertools
import json
import pickle
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import PIL.Image
import tiff_files
from heic_files import HEIC, heic
from PIL.PngImagePlugin import PngInfo

from nst_core import demo
from nst_core.images import sixteen_bit
from nst_core.images.embedded_recipe import add_recipe
from nst_core.images.to_srgb import srgb_profile
from nst_core.spec import presets
from nst_core.system import toml
from nst_core.weights.canonical import SHAPES
from nst_core.weights.torchfile import MAGIC, PROTOCOL


class Seed(NamedTuple):
    """A valid file.

    Attributes:
        name: For people.
        extension: The extension of its name.
        data: Its bytes.
        hole: Number of zero bytes that follow without being stored.
    """

    name: str
    extension: str
    data: bytes
    hole: int = 0


@cache
def pictures() -> tuple[Seed, ...]:
    """Every format that is read, in the modes that each can hold."""
    return tuple(
        itertools.chain(
            _jpegs(), _pngs(), _webps(), _tiffs(), _bmps(), _gifs(), _avifs(), _heics(), _jxls()
        )
    )


@cache
def weights() -> tuple[Seed, ...]:
    """Both forms of torch.save, in several dtypes, and safetensors."""
    names = {"canonical": list(SHAPES), "torchvision": _torchvision_names()}
    found = []
    for (naming, keys), kind in itertools.product(names.items(), ("Float", "Half", "BFloat16")):
        code = _state_dict(keys, f"{kind}Storage")
        number = bytes(4 if kind == "Float" else 2)
        found.append(Seed(f"zip {naming} {kind}", ".pth", _zipped(code, number)))
        found.append(Seed(f"legacy {naming} {kind}", ".pth", _legacy(code, number)))
    return (*found, _safetensors("F32", 4), _safetensors("F16", 2), _safetensors("BF16", 2))


@cache
def texts() -> tuple[Seed, ...]:
    """Presets, a config file with everything in it, and a recipe."""
    found = [
        # A tenth of the size: a spoilt file may hold a thousand stages, and all of them are run.
        Seed(name, ".toml", toml.dumps(presets.table(name)).replace("300x450", "30x45").encode())
        for name in presets.names()
    ]
    table = presets.table("d2l")
    table["run"] = {"backend": "fake", "weights": "random", "device": "cpu", "dtype": "float32"}
    table["made_with"] = {"nst": "0.1.0", "weights_sha256": "0" * 64}
    found.append(Seed("recipe", ".toml", toml.dumps(table).encode()))
    short = '# comment\npreset = "gala"\n[style]\nweight = 2e4\nlayers = {relu1_1 = 2, 5 = 0.5}\n'
    return (*found, Seed("config", ".toml", short.encode()))


def _small(width: int, height: int) -> PIL.Image.Image:
    with PIL.Image.open(demo.painting()) as picture:
        return picture.convert("RGB").resize((width, height))


def _encoded(picture: PIL.Image.Image, form: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, format=form, **options)
    return stream.getvalue()


def _orientation(value: int) -> PIL.Image.Exif:
    exif = PIL.Image.Exif()
    exif[0x0112], exif[0x010E], exif[0x0131] = value, "a description", "a camera"
    exif[0x8298], exif[0x0132] = "a photographer", "2026:01:02 03:04:05"
    exif.get_ifd(0x8769)[0x829A] = (1, 125)
    return exif


def _recipe() -> PIL.Image.Exif:
    exif = PIL.Image.Exif()
    add_recipe(exif, 'name = "x"\n')
    return exif


def _jpegs() -> Iterator[Seed]:
    rgb, profile = _small(24, 16), srgb_profile()
    yield Seed("JPEG", ".jpg", _encoded(rgb, "JPEG", icc_profile=profile, exif=_orientation(6)))
    yield Seed("progressive JPEG", ".jpg", _encoded(rgb, "JPEG", progressive=True, quality=30))
    for mode in ("L", "CMYK"):
        yield Seed(f"JPEG {mode}", ".jpg", _encoded(rgb.convert(mode), "JPEG"))
    yield Seed("JPEG by nst", ".jpg", _encoded(rgb, "JPEG", exif=_recipe()))
    yield Seed("MPO", ".jpg", _encoded(rgb, "MPO", save_all=True, append_images=[rgb]))


def _pngs() -> Iterator[Seed]:
    rgb, comment = _small(24, 16), PngInfo()
    comment.add_text("Comment", "a text", zip=True)
    comment.add_itxt("Title", "another", "en", "title", zip=True)
    yield Seed("PNG", ".png", _encoded(rgb, "PNG", icc_profile=srgb_profile(), pnginfo=comment))
    yield Seed("PNG by nst", ".png", _encoded(rgb, "PNG", exif=_recipe()))
    for mode in ("1", "L", "LA", "P", "RGBA", "I;16"):
        picture = rgb.convert("L") if mode == "I;16" else rgb
        yield Seed(f"PNG {mode}", ".png", _encoded(picture.convert(mode), "PNG"))
    yield from _pngs_with_chunks(rgb)
    keyed = rgb.convert("P")
    yield Seed("PNG P keyed", ".png", _encoded(keyed, "PNG", transparency=3))
    frames = [rgb, rgb.transpose(PIL.Image.Transpose.ROTATE_180)]
    yield Seed("APNG", ".png", _encoded(rgb, "PNG", save_all=True, append_images=frames))
    for width, height in ((1, 1), (1, 30000), (30000, 1)):
        yield Seed(f"PNG {width}x{height}", ".png", _encoded(_small(width, height), "PNG"))


def _pngs_with_chunks(rgb: PIL.Image.Image) -> Iterator[Seed]:
    """Keys and colour chunks, which nst applies itself, in 8 and 16 bits."""
    pixels = np.asarray(rgb).astype(np.uint16) * 257
    gamma, key = (b"gAMA", struct.pack(">I", 100_000)), struct.pack(">3H", 1, 2, 3)
    places = struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
    kinds = {
        "gamma": [gamma, (b"cHRM", places)],
        "cICP": [(b"cICP", bytes([12, 13, 0, 1]))],
        "HDR": [(b"cICP", bytes([9, 16, 0, 1]))],
        "key": [(b"tRNS", key)],
        "key and gamma": [gamma, (b"tRNS", key)],
    }
    deep = sixteen_bit.png(pixels, profile=b"", exif=None, dpi=None)
    for (name, chunks), (bits, data) in itertools.product(
        kinds.items(), ((8, _encoded(rgb, "PNG")), (16, deep))
    ):
        yield Seed(f"PNG {bits} {name}", ".png", _with_chunks(data, chunks))
    for mode, key in (("1", 1), ("L", 77), ("I;16", 5000)):
        grey = rgb.convert("L").convert(mode)
        chunks = [gamma, (b"tRNS", struct.pack(">H", key))]
        yield Seed(f"PNG {mode} key", ".png", _with_chunks(_encoded(grey, "PNG"), chunks))


def _with_chunks(data: bytes, chunks: list[tuple[bytes, bytes]]) -> bytes:
    """A PNG with further chunks after its header, and without its profile."""
    extra = b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )
    rest = data[33:]
    if rest[4:8] == b"iCCP":
        rest = rest[12 + struct.unpack_from(">I", rest)[0] :]
    return data[:33] + extra + rest


def _deep_tiffs() -> Iterator[Seed]:
    """Layouts that nst decodes itself."""
    rgb = np.asarray(_small(24, 16))
    kinds: dict[str, tuple[Any, dict[str, Any]]] = {
        "float32": (rgb / np.float32(255), {"photometric": 2}),
        "float16 in tiles": ((rgb / 255).astype("f2"), {"photometric": 2, "tile": (16, 16)}),
        "float predictor": (
            (rgb / 255).astype("f4"),
            {"photometric": 2, "compression": "deflate", "predictor": 3},
        ),
        "16 in planes": (rgb.astype("u2") * 257, {"photometric": 2, "planar": True}),
        "16 in planes lzw": (
            rgb.astype("u2") * 257,
            {"photometric": 2, "planar": True, "compression": "lzw", "predictor": 2},
        ),
        "32 zstd": (
            rgb.astype("u4") * 16843009,
            {"photometric": 2, "compression": "zstd", "order": ">"},
        ),
        "grey and alpha": (rgb[..., :2].astype("u2") * 257, {"photometric": 1, "tags": {338: 2}}),
        "signed": (rgb[..., :1].astype("i2") * 128, {"photometric": 1, "big": True}),
        "CMYK and alpha": (rgb[..., [0, 1, 2, 0, 1]], {"photometric": 5, "tags": {338: 1}}),
        "12 bits": (rgb.astype("u2") * 16, {"photometric": 2, "bits": 12}),
    }
    for name, (samples, layout) in kinds.items():
        tags = {274: 6, **layout.pop("tags", {})}
        data = tiff_files.build(samples, tags=tags, **layout)
        yield Seed(f"TIFF {name}", ".tif", data)
    for name, photometric in (("preview", 2), ("raw", 32803)):
        yield Seed(f"TIFF {name}", ".tif", _with_preview(rgb, photometric))


def _with_preview(rgb: Any, photometric: int) -> bytes:
    """A TIFF whose first page is small, and the full page in a SubIFD."""
    body = tiff_files.header()
    full = tiff_files.page_tags(body, rgb, photometric=photometric)
    preview = tiff_files.page_tags(body, np.ascontiguousarray(rgb[::4, ::4]), photometric=2)
    child = tiff_files.directory(body, full)
    first = tiff_files.directory(body, preview | {254: 1, 274: 6, 330: child})
    return tiff_files.finish(body, first)


def _webps() -> Iterator[Seed]:
    rgb = _small(24, 16)
    yield Seed("WebP", ".webp", _encoded(rgb, "WEBP", exif=_orientation(8), xmp=b"<x/>"))
    yield Seed("WebP lossless", ".webp", _encoded(rgb, "WEBP", lossless=True))
    yield Seed("WebP alpha", ".webp", _encoded(rgb.convert("RGBA"), "WEBP"))
    frames = [rgb.transpose(PIL.Image.Transpose.ROTATE_180)]
    animated = _encoded(rgb, "WEBP", save_all=True, append_images=frames, icc_profile=b"x" * 99)
    yield Seed("WebP animated", ".webp", animated)


def _tiffs() -> Iterator[Seed]:
    rgb = _small(24, 16)
    for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        data = _encoded(rgb, "TIFF", compression=compression, icc_profile=srgb_profile())
        yield Seed(f"TIFF {compression}", ".tif", data)
    for mode in ("1", "L", "LA", "P", "RGBA", "CMYK", "LAB", "I;16", "I", "F"):
        picture = rgb.convert("L") if mode in ("I;16", "I", "F") else rgb
        yield Seed(f"TIFF {mode}", ".tif", _encoded(picture.convert(mode), "TIFF"))
    fax = _encoded(rgb.convert("1"), "TIFF", compression="group4")
    yield Seed("TIFF group4", ".tif", fax)
    yield Seed("BigTIFF", ".tif", _encoded(rgb, "TIFF", big_tiff=True, exif=_orientation(5)))
    yield from _deep_tiffs()
    yield Seed("TIFF pages", ".tif", _encoded(rgb, "TIFF", save_all=True, append_images=[rgb]))


def _bmps() -> Iterator[Seed]:
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        yield Seed(f"BMP {mode}", ".bmp", _encoded(_small(24, 16).convert(mode), "BMP"))
    transparent = _small(24, 16).convert("RGBA")
    transparent.putalpha(0)
    yield Seed("BMP without alpha", ".bmp", _encoded(transparent, "BMP"))


def _gifs() -> Iterator[Seed]:
    rgb = _small(24, 16)
    frames = [rgb.transpose(PIL.Image.Transpose.ROTATE_180).convert("P")]
    yield Seed("GIF", ".gif", _encoded(rgb, "GIF", interlace=0))
    yield Seed("GIF interlaced", ".gif", _encoded(rgb, "GIF", interlace=1))
    yield Seed("GIF keyed", ".gif", _encoded(rgb.convert("P"), "GIF", transparency=3))
    animated = _encoded(rgb.convert("P"), "GIF", save_all=True, append_images=frames)
    yield Seed("GIF animated", ".gif", animated)


def _avifs() -> Iterator[Seed]:
    rgb = _small(24, 16)
    exif, profile = _orientation(6), srgb_profile()
    yield Seed("AVIF", ".avif", _encoded(rgb, "AVIF", exif=exif, icc_profile=profile))
    yield Seed("AVIF alpha", ".avif", _encoded(rgb.convert("RGBA"), "AVIF"))
    animated = _encoded(rgb, "AVIF", save_all=True, append_images=[rgb])
    yield Seed("AVIF animated", ".avif", animated)


def _heics() -> Iterator[Seed]:
    for name in HEIC:
        yield Seed(f"HEIC {name}", ".heic", heic(name))


def _jxls() -> Iterator[Seed]:
    """JPEG XL, if its reader is installed, which is also a writer."""
    try:
        import pillow_jxl  # noqa: F401
    except ImportError:
        return
    rgb, exif = _small(24, 16), _orientation(6).tobytes()
    yield Seed("JPEG XL", ".jxl", _encoded(rgb, "JXL", lossless=True))
    yield Seed("JPEG XL lossy", ".jxl", _encoded(rgb.convert("RGBA"), "JXL"))
    boxes = _encoded(rgb, "JXL", use_container=True, exif=exif)
    yield Seed("JPEG XL in boxes", ".jxl", boxes)


def _torchvision_names() -> list[str]:
    from nst_core.vgg19 import CONVOLUTIONS

    return [
        f"features.{layer.index}.{part}" for layer in CONVOLUTIONS for part in ("weight", "bias")
    ]


def _dumped(value: object) -> bytes:
    """The opcodes of a plain value: protocol 2 without its header and its end."""
    return pickle.dumps(value, 2)[2:-1]


def _state_dict(keys: list[str], kind: str) -> bytes:
    where = b"(" + _dumped("storage") + f"ctorch\n{kind}\n".encode()
    where += _dumped("0") + _dumped("cpu") + _dumped(1) + b"tQ"
    code = b"\x80\x02ccollections\nOrderedDict\n)R("
    for key, shape in zip(keys, SHAPES.values(), strict=True):
        view = where + _dumped(0) + _dumped(shape) + _dumped((0,) * len(shape)) + b"\x89"
        code += _dumped(key) + b"ctorch._utils\n_rebuild_tensor_v2\n(" + view
        code += b"ccollections\nOrderedDict\n)RtR"
    return code + b"u."


def _zipped(code: bytes, numbers: bytes) -> bytes:
    stream = io.BytesIO()
    records: Mapping[str, bytes] = {
        "data.pkl": code,
        "byteorder": b"little",
        "data/0": numbers,
        "version": b"3\n",
    }
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in records.items():
            archive.writestr(zipfile.ZipInfo(f"archive/{name}"), data)
    return stream.getvalue()


def _legacy(code: bytes, numbers: bytes) -> bytes:
    head = [pickle.dumps(part, 2) for part in (MAGIC, PROTOCOL, {"little_endian": True})]
    return b"".join([*head, code, pickle.dumps(["0"], 2), struct.pack("<q", 1), numbers])


def _safetensors(dtype: str, width: int) -> Seed:
    header: dict[str, Any] = {"__metadata__": {"source": "test"}}
    place = 0
    for name, shape in SHAPES.items():
        end = place + width * int(np.prod(shape))
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [place, end]}
        place = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    data = struct.pack("<Q", len(text)) + text
    return Seed(f"safetensors {dtype}", ".safetensors", data, hole=place)
