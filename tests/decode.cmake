add_library(decode_test STATIC EXCLUDE_FROM_ALL unit/decode_test.c)
target_include_directories(decode_test PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(decode_test PUBLIC decode)

unit_test(unit/test_drivers.c decode_test)
unit_test(unit/test_framer.c decode)
unit_test(unit/test_waveform.c decode)
unit_test(unit/test_decode.c decode_test)
unit_test(unit/test_decode_faults.c decode_test)
unit_test(unit/test_decoder.c decode_test)
unit_test(unit/test_decode_repair.c decode_test)
unit_test(contract/contract_driver.c decode_test)

fuzz_target(fuzz/fuzz_frame.c decode)
