"""What everything else stands on: errors, words, numbers and progress; imports no other folder."""
