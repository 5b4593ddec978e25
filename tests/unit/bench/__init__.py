"""The parts of the bench that could lie without anything being measured."""
