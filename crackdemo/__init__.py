"""crackdemo: learns what sound pavement looks like and shows what is not."""
