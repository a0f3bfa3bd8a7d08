"""Export of fitted estimators to formats that run without skrnn, such as ONNX."""

from skrnn.export._keras import to_keras
from skrnn.export._onnx import to_onnx
from skrnn.export._onnx_sklearn import register_skl2onnx
from skrnn.export._safetensors import from_safetensors, to_safetensors

__all__ = ["from_safetensors", "register_skl2onnx", "to_keras", "to_onnx", "to_safetensors"]
