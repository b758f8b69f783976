"""The convolutional network whose activations the costs compare."""
