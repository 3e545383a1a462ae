"""Segmentation engines behind one protocol. Picklable; run by `jobs`."""
