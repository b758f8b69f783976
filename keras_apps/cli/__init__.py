"""Every command of `keras-apps`; nothing in the library imports this folder."""
