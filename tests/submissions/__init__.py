"""The bank of submissions; `course_bank` makes notebooks of them."""
