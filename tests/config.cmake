unit_test(unit/test_units.c config)
