"""The simulated eye: OCT volume, SLO, true surfaces and fluid from a seed."""
