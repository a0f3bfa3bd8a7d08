"""Export of fitted estimators to formats that run without skrnn, such as ONNX."""
