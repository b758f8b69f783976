"""Is it a living person? Attacks made by code -> a network that tells them; a challenge to follow before the camera."""
