unit_test(unit/test_drivers.c decode)
