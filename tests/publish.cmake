unit_test(unit/test_payload.c publish model base)
