"""Folders, uploads and ZIPs to photos with their split and truth."""
