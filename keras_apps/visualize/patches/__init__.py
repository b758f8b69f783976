"""Pictures -> the nine patches that excite a unit most."""
