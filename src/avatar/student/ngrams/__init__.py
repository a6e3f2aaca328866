"""Training of n-gram students: a vector is the sum of the learned rows of a function's features.

near_clones   changed copies of a function, from which a student learns what a clone is
collection    all functions of a training, their near clones, and the groups of clones
features      the features of all functions, and the choice of those that get a row
encoder       the rows as a torch module
batches       which functions are compared in a step
training      the training
calibration   probabilities of clones, on functions of projects that no training saw
"""
