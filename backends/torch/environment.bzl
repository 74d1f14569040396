"""What every test that computes with torch runs under."""

# Tests share the machine's cores: waiting threads must not spin on them.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "passive",
}
