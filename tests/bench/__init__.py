"""`make bench`: how fast each stretch of the pipeline is, beside what the machine could do at most in the same run.

A figure alone says more about the machine than about the code. So each case also measures a raw limit on the same
broker and database a moment before or after: the plainest program that moves the same bytes. The targets are printed
with each figure and nothing is asserted: a slow machine is no failure.
"""
