unit_test(unit/test_airtime.c capture)
unit_test(unit/test_capture.c capture)
unit_test(unit/test_care.c capture)
unit_test(stress/stress_airtime.c capture)
