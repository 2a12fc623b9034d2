"""Models that run in this process: `catalogue` names them, `pull` fetches their weights, `onnx` runs them."""
