"""TensorFlow and AIF360, imported late, on the command line without their start-up noise.

Nobody else imports either at module level.
"""
