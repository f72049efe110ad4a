import datetime


def now_datetime():
    return datetime.datetime.now()


def get_system_timezone():
    return "UTC"
