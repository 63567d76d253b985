"""The whole hub on one machine: launcher, spawner, limits, stand-ins, samples."""
