"""Everything that shows the package is right: unit, integration, the ledger checker and the bench."""
