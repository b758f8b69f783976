"""Both applications on bundled photographs -> one self-contained report."""
