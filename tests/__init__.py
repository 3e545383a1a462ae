"""Tests of MIRAGE Viewer; they mirror the packages."""
