"""Pictures that travel with the package; README.md beside this file tells their origin and licence."""
