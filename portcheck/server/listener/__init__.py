"""`portcheck listen`: marked answers in the place of a service that is not there yet."""
