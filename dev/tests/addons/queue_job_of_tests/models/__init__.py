from . import jobs_of_tests
