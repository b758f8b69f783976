"""What nbgrader calls: preprocessors, grading, feedback pages."""
