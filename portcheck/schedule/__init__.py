"""A check that runs by itself: the units of systemd, cron and the Windows Task Scheduler. Text in, text out."""
