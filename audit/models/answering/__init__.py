"""Models that answer and show nothing else: functions, services and files of ONNX."""
