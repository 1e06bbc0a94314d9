"""The only place where rooms meet: one function per stage, which opens, computes, saves and says what it did."""
