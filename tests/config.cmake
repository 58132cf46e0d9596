unit_test(unit/test_units.c config)
unit_test(unit/test_suggest.c config)
unit_test(unit/test_expand.c config)
unit_test(unit/test_shape.c config)
