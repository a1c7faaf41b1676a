"""TensorFlow and AIF360, imported late and without their start-up noise; nobody else imports either at module level."""
