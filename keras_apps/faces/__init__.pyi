"""The public names of `keras_apps.faces`, for editors and type checkers; `lazy_loader` reads the same lines."""

from .detection import FaceCrop as FaceCrop
from .detection import NoFaceError as NoFaceError
from .detection import NoFaceWarning as NoFaceWarning
from .detection import PoorFaceError as PoorFaceError
from .detection import PoorFaceWarning as PoorFaceWarning
from .detection import SeveralFacesError as SeveralFacesError
from .detection import SeveralFacesWarning as SeveralFacesWarning
from .detection import face_quality as face_quality
from .detection import find_faces as find_faces
from .distances import euclidean as euclidean
from .distances import squared_euclidean as squared_euclidean
from .encoding import encode as encode
from .gallery.decisions import Candidate as Candidate
from .gallery.decisions import Decider as Decider
from .gallery.decisions import Identification as Identification
from .gallery.decisions import Verification as Verification
from .gallery.doctor import DoctorReport as DoctorReport
from .gallery.doctor import Finding as Finding
from .gallery.drawing import draw as draw
from .gallery.exchange import Imported as Imported
from .gallery.films import Track as Track
from .gallery.films import identify_in_film as identify_in_film
from .gallery.films import read_frames as read_frames
from .gallery.gallery import Gallery as Gallery
from .gallery.gallery import Matcher as Matcher
from .gallery.grouping import group_faces as group_faces
from .gallery.names import GalleryError as GalleryError
from .gallery.names import LookAlikeError as LookAlikeError
from .gallery.names import SimilarNameError as SimilarNameError
from .gallery.store import Audit as Audit
from .gallery.store import Change as Change
from .gallery.store import Enrolment as Enrolment
from .judging.calibration import Reliability as Reliability
from .judging.calibration import Threshold as Threshold
from .judging.calibration import calibrate as calibrate
from .judging.calibration import reliability as reliability
from .judging.groups import ByGroup as ByGroup
from .judging.groups import Gap as Gap
from .judging.groups import GroupRate as GroupRate
from .judging.groups import GroupRates as GroupRates
from .judging.identification import OpenSetReport as OpenSetReport
from .judging.identification import evaluate_open_set as evaluate_open_set
from .judging.plots import plot_cmc as plot_cmc
from .judging.plots import plot_det as plot_det
from .judging.plots import plot_distances as plot_distances
from .judging.plots import plot_reliability as plot_reliability
from .judging.plots import plot_roc as plot_roc
from .judging.plots import plot_training as plot_training
from .judging.plots import plot_worst_pairs as plot_worst_pairs
from .judging.plots import save_figure as save_figure
from .judging.plots import worst_pairs as worst_pairs
from .judging.rates import Roc as Roc
from .judging.rates import equal_error_rate as equal_error_rate
from .judging.rates import far_frr as far_frr
from .judging.rates import roc as roc
from .judging.verification import OperatingPoint as OperatingPoint
from .judging.verification import PairsReport as PairsReport
from .judging.verification import best_tau as best_tau
from .judging.verification import evaluate_pairs as evaluate_pairs
from .liveness.attacks import presentation_attacks as presentation_attacks
from .liveness.challenge import Challenge as Challenge
from .liveness.challenge import ChallengeResult as ChallengeResult
from .liveness.challenge import ChallengeState as ChallengeState
from .liveness.measures import AttackRate as AttackRate
from .liveness.measures import LivenessPoint as LivenessPoint
from .liveness.measures import LivenessReport as LivenessReport
from .liveness.measures import evaluate_liveness as evaluate_liveness
from .liveness.model import LivenessModel as LivenessModel
from .liveness.model import load_liveness as load_liveness
from .liveness.squares import around_face as around_face
from .people.augment import RandomLight as RandomLight
from .people.augment import RandomPatch as RandomPatch
from .people.augment import RandomView as RandomView
from .people.augment import augmentation as augmentation
from .people.batches import labelled_batches as labelled_batches
from .people.batches import pair_batches as pair_batches
from .people.batches import triplet_batches as triplet_batches
from .people.chips import align_people as align_people
from .people.pairs import Pairs as Pairs
from .people.pairs import picture_path as picture_path
from .people.pairs import read_pairs as read_pairs
from .people.people import People as People
from .people.synthetic.crowd import synthetic_people as synthetic_people
from .quality import Quality as Quality
from .towers.exported import ExportedTower as ExportedTower
from .towers.registry import build_tower as build_tower
from .towers.registry import fingerprint as fingerprint
from .towers.registry import load_tower as load_tower
from .towers.resnet import ShortcutAdd as ShortcutAdd
from .training.comparison import LogisticComparison as LogisticComparison
from .training.losses import TripletLoss as TripletLoss
from .training.losses import batch_triplet_loss as batch_triplet_loss
from .training.losses import mine_triplets as mine_triplets
from .training.losses import triplet_loss as triplet_loss
from .training.metrics import ActiveTriplets as ActiveTriplets
from .training.metrics import EqualErrorRate as EqualErrorRate
from .training.metrics import TARAtFAR as TARAtFAR
from .training.plan import TrainingPlan as TrainingPlan
from .training.resume import TrainingHistory as TrainingHistory
from .training.resume import fit_resumable as fit_resumable
from .training.siamese import TrainingWarning as TrainingWarning
from .training.softmax_identifier import SoftmaxIdentifier as SoftmaxIdentifier
from .training.train import train as train
from .training.triplet_model import CollapseWarning as CollapseWarning
from .training.triplet_model import TripletModel as TripletModel
from .training.verification_model import VerificationModel as VerificationModel

__all__ = [
    "ActiveTriplets",
    "AttackRate",
    "Audit",
    "ByGroup",
    "Candidate",
    "Challenge",
    "ChallengeResult",
    "ChallengeState",
    "Change",
    "CollapseWarning",
    "Decider",
    "DoctorReport",
    "Enrolment",
    "EqualErrorRate",
    "ExportedTower",
    "FaceCrop",
    "Finding",
    "Gallery",
    "GalleryError",
    "Gap",
    "GroupRate",
    "GroupRates",
    "Identification",
    "Imported",
    "LivenessModel",
    "LivenessPoint",
    "LivenessReport",
    "LogisticComparison",
    "LookAlikeError",
    "Matcher",
    "NoFaceError",
    "NoFaceWarning",
    "OpenSetReport",
    "OperatingPoint",
    "Pairs",
    "PairsReport",
    "People",
    "PoorFaceError",
    "PoorFaceWarning",
    "Quality",
    "RandomLight",
    "RandomPatch",
    "RandomView",
    "Reliability",
    "Roc",
    "SeveralFacesError",
    "SeveralFacesWarning",
    "ShortcutAdd",
    "SimilarNameError",
    "SoftmaxIdentifier",
    "TARAtFAR",
    "Threshold",
    "Track",
    "TrainingHistory",
    "TrainingPlan",
    "TrainingWarning",
    "TripletLoss",
    "TripletModel",
    "Verification",
    "VerificationModel",
    "align_people",
    "around_face",
    "augmentation",
    "batch_triplet_loss",
    "best_tau",
    "build_tower",
    "calibrate",
    "draw",
    "encode",
    "equal_error_rate",
    "euclidean",
    "evaluate_liveness",
    "evaluate_open_set",
    "evaluate_pairs",
    "face_quality",
    "far_frr",
    "find_faces",
    "fingerprint",
    "fit_resumable",
    "group_faces",
    "identify_in_film",
    "labelled_batches",
    "load_liveness",
    "load_tower",
    "mine_triplets",
    "pair_batches",
    "picture_path",
    "plot_cmc",
    "plot_det",
    "plot_distances",
    "plot_reliability",
    "plot_roc",
    "plot_training",
    "plot_worst_pairs",
    "presentation_attacks",
    "read_frames",
    "read_pairs",
    "reliability",
    "roc",
    "save_figure",
    "squared_euclidean",
    "synthetic_people",
    "train",
    "triplet_batches",
    "triplet_loss",
    "worst_pairs",
]
