"""nbgrader's settings: run its commands in this folder. README.md says which."""

from keras_apps.course.nbgrader.feedback import CleanCells, FeedbackExporter, HideChecks
from keras_apps.course.nbgrader.preprocessors import GradeApart, RestoreCells
from keras_apps.course.nbgrader.submissions import SubmissionExporter, name_notebook
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearOutput,
    DeduplicateIds,
    GetGrades,
    LimitOutput,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
)

c = get_config()
c.CourseDirectory.course_id = "keras_apps"
c.CourseDirectory.ignore = ["*"]  # a submission is its notebook: no other file of it is copied
c.Autograde.exporter_class = SubmissionExporter
c.Autograde.pre_convert_hook = name_notebook
c.Autograde.sanitize_preprocessors = [
    ClearOutput,
    RestoreCells,
    DeduplicateIds,
    OverwriteKernelspec,
    OverwriteCells,
    CheckCellMetadata,
]
c.Autograde.autograde_preprocessors = [GradeApart, LimitOutput, SaveAutoGrades, AssignLatePenalties, CheckCellMetadata]
c.GradeApart.timeout = 600
c.GradeApart.extra_arguments = ["--InteractiveShellApp.ignore_cwd=True", "--HistoryManager.hist_file=:memory:"]
c.GenerateFeedback.preprocessors = [HideChecks, GetGrades, CleanCells, CSSHTMLHeaderPreprocessor]
c.GenerateFeedback.exporter_class = FeedbackExporter  # what a student wrote runs in nobody's browser
c.HTMLExporter.exclude_anchor_links = True
