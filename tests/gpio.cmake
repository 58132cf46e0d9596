unit_test(unit/test_edge_log.c gpio)
fuzz_target(fuzz/fuzz_edge_log.c gpio)
