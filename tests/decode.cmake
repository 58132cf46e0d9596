unit_test(unit/test_drivers.c decode)
unit_test(unit/test_framer.c decode)
unit_test(unit/test_waveform.c decode)
unit_test(unit/test_decode.c decode)
