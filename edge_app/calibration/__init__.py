"""INT8: where quantizers go, what they cost, the gate that judges the result, and its report."""
