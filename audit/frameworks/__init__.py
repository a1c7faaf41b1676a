"""Late imports of TensorFlow and AIF360, without their start-up noise on the command line."""
