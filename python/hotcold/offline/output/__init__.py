"""What offline jobs write: files, containers, their names, and the record of the job."""
