"""What every request passes: who may call, origin, limits, headers, problem responses."""
