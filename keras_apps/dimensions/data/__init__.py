"""Generated heartbeats, scans and films; files of recordings, volumes and videos."""
